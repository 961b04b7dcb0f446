/** The page of options in the documents is made from the table of options, and fails here when it is stale. */
import { test } from 'node:test';
import { type Option, sections, variableOf } from '../../src/config/option.ts';
import { configOptions } from '../../src/config/options.ts';
import { assertGolden } from './golden.ts';

const introduction = `# Configuration

\`\`\`sh
holdfast server --data-dir /var/lib/holdfast --passphrase-file /run/secrets/passphrase \\
  --host 0.0.0.0 --tls-cert /etc/holdfast/tls.crt --tls-key /etc/holdfast/tls.key
\`\`\`

Each option is an argument or an environment variable; an argument wins. An option without a value is set
by \`1\` or \`true\`. Everything that is wrong is reported at once, with exit code 2, and nothing starts.
Secrets belong in a file, a descriptor or a variable: arguments can be read by every process of the machine.

What \`holdfast server\` promises it cannot be talked out of: options marked "\`dev\` only" are refused, as
arguments and as variables. Beyond loopback it listens only with TLS, or with \`--insecure-plaintext-listener\`.

The certificate is taken again on SIGHUP and when its files have changed; connections stay open, and a
certificate that cannot serve is reported while the old one stays.

Commands that call a server or read a log have options of their own, which \`holdfast COMMAND --help\` shows.
They read \`HOLDFAST_ENDPOINT\`, \`HOLDFAST_CA_FILE\` and \`HOLDFAST_LOG_KEY\`, and the usual \`AWS_ACCESS_KEY_ID\`,
\`AWS_SECRET_ACCESS_KEY\`, \`AWS_REGION\` and \`AWS_DEFAULT_REGION\`. \`NO_COLOR\` switches colours off.

This page is made from \`src/config/options.ts\` by \`test/cli/configuration-page.test.ts\`.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function row(option: Option): string {
  const { name, value, help, fallback, relaxation, commands, repeatable } = option;
  const remarks = [
    fallback === undefined ? '' : `default \`${fallback}\``,
    relaxation
      ? '`dev` only'
      : commands.includes('server')
        ? ''
        : commands.map((command) => `\`${command}\``).join(', '),
    repeatable ? 'repeatable' : '',
  ].filter((remark) => remark !== '');
  const argument = `--${name}${value === undefined ? '' : ` ${value}`}`;
  return `| \`${cell(argument)}\` | \`${variableOf(option)}\` | ${cell(help)} | ${remarks.join('; ')} |`;
}

test('docs/configuration.md lists every option as the program takes it', () => {
  let page = introduction;
  for (const section of sections) {
    const options = configOptions.filter((option) => option.section === section);
    if (options.length === 0) continue;
    page += `\n## ${section}\n\n| Option | Variable | | |\n| --- | --- | --- | --- |\n${options.map(row).join('\n')}\n`;
  }
  assertGolden(new URL('../../docs/configuration.md', import.meta.url), page);
});
