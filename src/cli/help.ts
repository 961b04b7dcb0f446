/** Help texts, made from the tables of commands and options; plain text that fits 100 columns. */
import { type Option, sections, variableOf } from '../config/option.ts';
import { type Command, commands } from './command.ts';

const columns = 100;

export function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 4;
  return [
    'holdfast - a key management system that speaks the AWS KMS API',
    '',
    'Usage: holdfast COMMAND [OPTIONS]',
    '',
    'Commands',
    ...commands.flatMap(({ name, summary }) => entry(name, summary, width)),
    '',
    '`holdfast COMMAND --help` shows the options of a command. Most can be given as an environment',
    'variable too; an argument wins.',
    '',
    'Exit codes: 0 done, 1 failed or found problems, 2 wrong usage, or nothing that can be verified.',
  ].join('\n');
}

export function commandHelp(command: Command, options: readonly Option[]): string {
  const own = options.filter((option) => option.commands.includes(command.name));
  const lines = [
    ...wrap(`holdfast ${command.name} ${command.summary}.`, columns),
    ...(command.details === undefined ? [] : ['', ...wrap(command.details, columns)]),
    '',
    `Usage: holdfast ${command.name}${command.operands === undefined ? '' : ` ${command.operands}`}${own.length > 0 ? ' [OPTIONS]' : ''}`,
  ];
  for (const section of sections) {
    const ofSection = own.filter((option) => option.section === section);
    if (ofSection.length === 0) continue;
    lines.push('', section);
    for (const option of ofSection) {
      const { name, value, help } = option;
      lines.push(
        ...entry(`--${name}${value === undefined ? '' : ` ${value}`}`, `${help}${facts(option)}`, 34),
      );
    }
  }
  return lines.join('\n');
}

/** ` [HOLDFAST_PORT; 4600]`: the variable, and the default. */
function facts(option: Option): string {
  const known = [variableOf(option), option.fallback].filter((fact) => fact !== undefined);
  return known.length === 0 ? '' : ` [${known.join('; ')}]`;
}

function entry(term: string, text: string, width: number): string[] {
  const lines = wrap(text, columns - width);
  const first = `  ${term}`;
  const indent = ' '.repeat(width);
  if (first.length + 2 > width) return [first, ...lines.map((line) => indent + line)];
  return lines.map((line, index) => (index === 0 ? first.padEnd(width) + line : indent + line));
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
