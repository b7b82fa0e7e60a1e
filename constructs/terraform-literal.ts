/** Text that Terraform must take as it is: `${` and `%{` begin templates. */
export function terraformLiteral(text: string): string {
  return text.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
}
