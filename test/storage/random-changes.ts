/** Random changes over few names, so that they often meet: about half of them break a precondition. */
import type { Change, Write } from '../../src/storage/interface.ts';
import { bytesOf, integerOf, oneOf, type Random } from '../fuzz/random.ts';
import { accessKeyRow, aliasRow, domainKeyRow, event, keyRow, materialRow } from './rows.ts';

const accounts = ['111122223333', '444455556666'];
const regions = ['eu-central-1', 'us-east-1'];
const keyIds = ['k0', 'k1', 'k2', 'k3', 'k4'];
const materialIds = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
const aliases = ['x', 'y', 'z/1'];

export function randomChange(random: Random, number: number): Change {
  const writes = Array.from({ length: integerOf(random, 1, 4) }, () => randomWrite(random));
  const events = Array.from({ length: integerOf(random, 0, 2) }, (_, index) =>
    event(`${number}-${index}`, {
      logSizeBefore: integerOf(random, 0, 1000),
      record: new Uint8Array(bytesOf(random, integerOf(random, 1, 300))),
    }),
  );
  return { writes, events };
}

function randomWrite(random: Random): Write {
  const account = oneOf(random, accounts);
  const region = oneOf(random, regions);
  const keyId = oneOf(random, keyIds);
  const version = integerOf(random, 1, 3);
  const body = JSON.stringify({
    text: bytesOf(random, integerOf(random, 0, 60)).toString('latin1'),
    é: '\u{1f511}',
  });
  const sealed = new Uint8Array(bytesOf(random, integerOf(random, 1, 90)));
  const scope = { accountId: account, region };
  const manager = random() < 0.8 ? 'CUSTOMER' : 'AWS';
  const material = materialRow(keyId, {
    ...scope,
    materialId: oneOf(random, materialIds),
    domainKeyVersion: integerOf(random, 1, 2),
    sealed,
    body,
  });
  const alias = aliasRow(oneOf(random, aliases), keyId, { ...scope, version, body });
  const domainKey = domainKeyRow(integerOf(random, 1, 2), { region, sealed, rootKeyId: `root-${version}` });
  const accessKey = accessKeyRow(`AKIA${integerOf(random, 0, 2)}`, {
    accountId: account,
    version,
    sealedSecret: sealed,
    body,
  });
  const choices: readonly Write[] = [
    { do: 'insertKey', row: keyRow(keyId, { ...scope, manager, body }) },
    { do: 'insertKey', row: keyRow(keyId, { ...scope, manager, body, version }) },
    { do: 'updateKey', row: keyRow(keyId, { ...scope, manager, body, version: version + 1 }) },
    { do: 'deleteKey', ...scope, keyId, version },
    { do: 'insertKeyMaterial', row: material },
    { do: 'updateKeyMaterial', row: material },
    { do: 'insertAlias', row: alias },
    { do: 'updateAlias', row: { ...alias, version: version + 1 } },
    { do: 'deleteAlias', ...scope, aliasName: alias.aliasName, version },
    { do: 'insertDomainKey', row: domainKey },
    { do: 'insertDomainKey', row: domainKey },
    { do: 'updateDomainKey', row: domainKey },
    { do: 'deleteDomainKey', region, version: domainKey.version },
    { do: 'insertAccessKey', row: accessKey },
    { do: 'updateAccessKey', row: { ...accessKey, version: version + 1 } },
    { do: 'putMeta', row: { name: `name-${version}`, value: sealed } },
    { do: 'requireKeysBelow', ...scope, max: integerOf(random, 0, 4) },
    { do: 'requireAliasesBelow', ...scope, keyId, max: integerOf(random, 0, 3) },
  ];
  return oneOf(random, choices);
}
