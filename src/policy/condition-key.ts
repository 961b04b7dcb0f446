/**
 * The condition keys that exist, for the services this server has: AWS global keys (IAM User Guide, "AWS
 * global condition context keys") and those of KMS (KMS Developer Guide, "Condition keys for AWS KMS").
 *
 * A condition of an Allow on any other key is never met: `StringNotEquals` and `IfExists` are otherwise
 * satisfied by every key that is not in the request, so a misspelt or newer key would open what the
 * author meant to narrow.
 */
export const isKnownConditionKey = (lowerCaseKey: string): boolean =>
  names.has(lowerCaseKey) ||
  families.some((family) => lowerCaseKey.length > family.length && lowerCaseKey.startsWith(family));

/** Keys with a name of the author's choosing at the end. */
const families = [
  'aws:principaltag/',
  'aws:requesttag/',
  'aws:resourcetag/',
  'kms:encryptioncontext:',
  'kms:recipientattestation:',
];

const names: ReadonlySet<string> = new Set(
  [
    // The principal.
    'aws:PrincipalAccount aws:PrincipalArn aws:PrincipalIsAWSService aws:PrincipalOrgID aws:PrincipalOrgPaths',
    'aws:PrincipalServiceName aws:PrincipalServiceNamesList aws:PrincipalType aws:userid aws:username',
    // The session.
    'aws:AssumedRoot aws:ChatbotSourceArn aws:Ec2InstanceSourcePrivateIPv4 aws:Ec2InstanceSourceVpc',
    'aws:FederatedProvider aws:MultiFactorAuthAge aws:MultiFactorAuthPresent aws:SourceIdentity aws:TokenIssueTime',
    // The network.
    'aws:SourceIp aws:SourceVpc aws:SourceVpcArn aws:SourceVpce aws:VpcSourceIp aws:VpceAccount aws:VpceOrgID aws:VpceOrgPaths',
    // The resource.
    'aws:ResourceAccount aws:ResourceOrgID aws:ResourceOrgPaths',
    // The request.
    'aws:CalledVia aws:CalledViaFirst aws:CalledViaLast aws:CurrentTime aws:EpochTime aws:IsMcpServiceAction',
    'aws:referer aws:RequestedRegion aws:SecureTransport aws:SourceAccount aws:SourceArn aws:SourceOrgID',
    'aws:SourceOrgPaths aws:TagKeys aws:UserAgent aws:ViaAWSService',
    'kms:BypassPolicyLockoutSafetyCheck kms:CallerAccount kms:CustomerMasterKeySpec kms:CustomerMasterKeyUsage',
    'kms:DataKeyPairSpec kms:DataKeySpec kms:EncryptionAlgorithm kms:EncryptionContextKeys kms:ExpirationModel',
    'kms:GrantConstraintSourceArn kms:GrantConstraintType kms:GranteePrincipal kms:GranteeServicePrincipal',
    'kms:GrantIsForAWSResource kms:GrantOperations kms:KeyAgreementAlgorithm kms:KeyOrigin kms:KeySpec kms:KeyUsage',
    'kms:MacAlgorithm kms:MessageType kms:MultiRegion kms:MultiRegionKeyType kms:PolicyName kms:PrimaryRegion',
    'kms:ReEncryptOnSameKey kms:ReplicaRegion kms:RequestAlias kms:ResourceAliases kms:RetiringPrincipal',
    'kms:RetiringServicePrincipal kms:RotationPeriodInDays kms:ScheduleKeyDeletionPendingWindowInDays',
    'kms:SigningAlgorithm kms:ValidTo kms:ViaService kms:WrappingAlgorithm kms:WrappingKeySpec',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
);
