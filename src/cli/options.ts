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
