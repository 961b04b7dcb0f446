/** Resource quotas with the service's default values (KMS Developer Guide, "Resource quotas"). */
export interface Quotas {
  /** Customer keys of an account in a Region; AWS managed keys do not count. */
  readonly keysPerAccountRegion: number;
  readonly aliasesPerKey: number;
  readonly tagsPerKey: number;
  /** In the life of a key. The service does not let this one be raised. */
  readonly onDemandRotationsPerKey: number;
  readonly keyPolicyBytes: number;
}

export const defaultQuotas: Quotas = {
  keysPerAccountRegion: 100_000,
  aliasesPerKey: 50,
  tagsPerKey: 50,
  onDemandRotationsPerKey: 25,
  keyPolicyBytes: 32_768,
};
