/** The options of commands that need no `Config`, in the same form as those that do. */
import type { Option } from '../config/option.ts';

const calling = ['status', 'rotate root', 'rotate domain-keys'];

export const commandOptions: readonly Option[] = [
  {
    name: 'endpoint',
    value: 'URL',
    fallback: 'http://127.0.0.1:4600',
    section: 'Calling a server',
    commands: calling,
    help: 'the server to call, with the credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  },
  {
    name: 'ca-file',
    value: 'FILE',
    section: 'Calling a server',
    commands: calling,
    help: "certificate authority, in PEM, to trust for the server's certificate instead of the system's",
  },
  {
    name: 'region',
    value: 'REGION',
    env: false,
    section: 'Calling a server',
    commands: ['rotate domain-keys'],
    help: 'the Region whose domain key to rotate',
  },
  {
    name: 'installation',
    env: false,
    section: 'Calling a server',
    commands: ['rotate domain-keys'],
    help: "rotate the installation's own domain key, which seals access key secrets and the log signing key",
  },
  {
    name: 'key',
    value: 'KEY',
    env: 'HOLDFAST_LOG_KEY',
    repeatable: true,
    section: 'Audit log',
    commands: ['log verify'],
    help: 'public key of the log, as `holdfast init` and `holdfast status` print it; again for more after a change of keys',
  },
  {
    name: 'checkpoint',
    value: 'FILE',
    env: false,
    repeatable: true,
    section: 'Audit log',
    commands: ['log verify'],
    help: 'a signed checkpoint that was kept elsewhere, which the log must contain; again for more',
  },
  {
    name: 'count',
    value: 'N',
    env: false,
    fallback: '10',
    min: 0,
    max: 1_000_000,
    section: 'Audit log',
    commands: ['log tail'],
    help: 'how many of the last events to print',
  },
  {
    name: 'follow',
    env: false,
    section: 'Audit log',
    commands: ['log tail'],
    help: 'go on with events as they come',
  },
  {
    name: 'json',
    env: false,
    section: 'Output',
    commands: [
      'init',
      'status',
      'doctor',
      'log verify',
      'log tail',
      'rotate root',
      'rotate domain-keys',
      'version',
    ],
    help: 'answer in JSON, one document a line',
  },
];
