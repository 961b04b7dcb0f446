/**
 * Collects what was given for each option, from arguments and environment variables, and everything that
 * is wrong with it. An argument wins over a variable. Values are still text here.
 */
import { parseArgs } from 'node:util';
import { closest } from './closest.ts';
import { type Option, variableOf } from './option.ts';

export interface GivenOptions {
  readonly values: ReadonlyMap<string, GivenOption>;
  readonly operands: readonly string[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export interface GivenOption {
  /** As the user would write it: `--port` or `HOLDFAST_PORT`. */
  readonly source: string;
  /** One for each time it was given; for an option without value, `['']`. */
  readonly texts: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

const valueBytesMax = 65_536;

/** `known` are the options of every command, so that one that belongs elsewhere is told from a mistyped one. */
export function gatherOptions(
  command: string,
  args: readonly string[],
  environment: Environment,
  known: readonly Option[],
): GivenOptions {
  const values = new Map<string, GivenOption>();
  const problems: string[] = [];
  const warnings: string[] = [];
  const taken = known.filter((option) => option.commands.includes(command));
  // Two commands may give one name different meanings: this command's own comes last and wins.
  const byName = new Map([...known, ...taken].map((option) => [option.name, option]));

  for (const option of known) {
    const variable = variableOf(option);
    const text = variable === undefined ? undefined : environment[variable];
    if (variable === undefined || text === undefined || text === '') continue;
    if (!option.commands.includes(command)) {
      if (option.relaxation && command === 'server' && text !== '0' && text !== 'false') {
        problems.push(refuseRelaxation(variable));
      }
      continue;
    }
    if (option.value === undefined) {
      if (text === '1' || text === 'true') values.set(option.name, { source: variable, texts: [''] });
      else if (text !== '0' && text !== 'false')
        problems.push(`${variable} must be 1 or 0, not \`${shorten(text)}\``);
    } else {
      const texts = option.repeatable ? text.split(/\s+/).filter((part) => part !== '') : [text];
      values.set(option.name, { source: variable, texts });
    }
  }
  const variables = known.map(variableOf).filter((name) => name !== undefined);
  for (const name in environment) {
    if (!name.startsWith('HOLDFAST_') || variables.includes(name)) continue;
    const meant = closest(name, variables);
    if (meant !== undefined) warnings.push(`${name} is not a setting; did you mean ${meant}?`);
  }

  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      [...byName.values()].map((option) => [
        option.name,
        { type: option.value === undefined ? 'boolean' : 'string' },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const fromArguments = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = token.rawName;
    const option = byName.get(token.name);
    if (option === undefined || !flag.startsWith('--')) {
      const meant = closest(
        token.name,
        taken.map(({ name }) => name),
      );
      problems.push(
        `there is no option \`${shorten(flag)}\`${meant === undefined ? '' : `; did you mean \`--${meant}\`?`}`,
      );
    } else if (!option.commands.includes(command)) {
      problems.push(
        option.relaxation && command === 'server'
          ? refuseRelaxation(flag)
          : `\`holdfast ${command}\` has no option \`${flag}\` (\`holdfast ${option.commands.join('`, `holdfast ')}\` has)`,
      );
    } else if (option.value === undefined) {
      if (token.value !== undefined) problems.push(`\`${flag}\` takes no value`);
      fromArguments.set(option.name, ['']);
    } else if (token.value === undefined || token.value === '') {
      problems.push(`\`${flag}\` needs a value: \`${flag} ${option.value}\``);
    } else if (!token.inlineValue && token.value.startsWith('-')) {
      problems.push(
        `\`${flag}\` needs a value; for one that begins with \`-\` write \`${flag}=${option.value}\``,
      );
    } else if (Buffer.byteLength(token.value) > valueBytesMax) {
      problems.push(`the value of \`${flag}\` has more than ${valueBytesMax} bytes`);
    } else {
      const before = fromArguments.get(option.name);
      if (before === undefined) fromArguments.set(option.name, [token.value]);
      else if (option.repeatable) before.push(token.value);
      else problems.push(`\`${flag}\` is given twice`);
      if (option.secret && command !== 'dev') {
        warnings.push(
          `\`${flag}\` shows a secret to every process of this machine; use ${variableOf(option)} or a file`,
        );
      }
    }
  }
  for (const [name, texts] of fromArguments) values.set(name, { source: `--${name}`, texts });
  return { values, operands, problems: [...new Set(problems)], warnings: [...new Set(warnings)] };
}

const refuseRelaxation = (source: string): string =>
  `${source.startsWith('-') ? `\`${source}\`` : source} gives up what \`holdfast server\` promises; only \`holdfast dev\` takes it`;

const shorten = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}...` : text);
