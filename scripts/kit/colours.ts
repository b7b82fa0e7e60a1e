type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether output has colours: where it is a terminal that has them and the person has not refused them (NO_COLOR; FORCE_COLOR asks for
 * them everywhere).
 */
export function hasColours(terminal: boolean, { NO_COLOR, FORCE_COLOR, TERM }: Environment = process.env): boolean {
  if ((NO_COLOR ?? '') !== '' || FORCE_COLOR === '0') return false;
  return (FORCE_COLOR ?? '') !== '' || (terminal && TERM !== 'dumb');
}

/** Added to the environment of cdktf, which has no flag for it, and of the Terraform that it runs, so that both go without colours. */
export function withoutColours(env: Environment): Record<string, string> {
  const commands = ['init', 'plan', 'apply', 'destroy'].map((command) => `TF_CLI_ARGS_${command}`);
  const args = commands.map((name) => [name, `${env[name] ?? ''} -no-color`.trim()] as const);
  return { FORCE_COLOR: '0', ...Object.fromEntries(args) };
}
