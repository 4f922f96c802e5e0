// Unpacks the Chromium that ships inside its npm package, the libraries it may lack, and a Chinese font.
// Prints one JSON line saying where they are; a second run only prints.
import { mkdirSync, renameSync, existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const bin = join(modules, "@sparticuz", "chromium", "bin");
const fonts = join(modules, "@embedpdf", "fonts-sc", "fonts");
const home = join(modules, ".cache", "chromium");

function fontConfig(directory, cache) {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${directory}</dir><cachedir>${cache}</cachedir></fontconfig>
`;
}

async function unpack() {
  const draft = `${home}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  process.env.TMPDIR = draft;
  const { inflate } = await import("@sparticuz/chromium");
  await Promise.all(["chromium.br", "al2023.tar.br"].map((name) => inflate(join(bin, name))));
  writeFileSync(join(draft, "fonts.conf"), fontConfig(fonts, join(home, "font-cache")));
  renameSync(draft, home);
}

if (!existsSync(home)) await unpack();
process.stdout.write(
  JSON.stringify({
    executable: join(home, "chromium"),
    libraries: join(home, "al2023", "lib"),
    fontconfig: join(home, "fonts.conf"),
  }) + "\n",
);
