// check.mjs MODULES FOLDER: what html-validate says of each *.html in the folder, and caniemail of each mail-*.html, as
// JSON on stdout.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, folder] = process.argv.slice(2);
const load = createRequire(join(modules, "package.json"));
const { HtmlValidate, StaticConfigLoader } = load("html-validate");
const { caniemail } = await import(pathToFileURL(join(modules, "node_modules/caniemail/dist/index.js")));

// Mail programs read styles in attributes and Outlook reads conditional comments; nothing else is allowed here.
const rules = { "no-inline-style": "off", "no-conditional-comment": "off" };
const validator = new HtmlValidate(new StaticConfigLoader({ extends: ["html-validate:recommended"], rules }));

const told = {};
for (const name of readdirSync(folder).filter((name) => name.endsWith(".html"))) {
  const html = readFileSync(join(folder, name), "utf8");
  const report = await validator.validateString(html, name);
  const errors = {};
  const issues = name.startsWith("mail-") ? caniemail({ clients: ["*"], html }).issues.errors : [];
  for (const [client, found] of issues) {
    for (const { title } of found) (errors[title] ??= new Set()).add(client);
  }
  told[name] = {
    invalid: report.results.flatMap((one) => one.messages.map((m) => `${m.line}:${m.column} ${m.ruleId} ${m.message}`)),
    unsupported: Object.fromEntries(Object.entries(errors).map(([title, clients]) => [title, [...clients].sort()])),
  };
}
console.log(JSON.stringify(told));
