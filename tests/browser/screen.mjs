// Runs the phone's emergency screen over texts: a JSON list on standard input, one of questions out.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const phone = new URL("../../miniprogram/", import.meta.url);
const { buildSync } = createRequire(phone)("esbuild");
const { outputFiles } = buildSync({
  entryPoints: [new URL("src/emergency.ts", phone).pathname],
  bundle: true,
  format: "esm",
  write: false,
});
const code = Buffer.from(outputFiles[0].contents).toString("base64");
const { screen } = await import(`data:text/javascript;base64,${code}`);
const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => screen(text))));
