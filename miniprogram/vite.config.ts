import uni from "@dcloudio/vite-plugin-uni";
import { defineConfig, type Plugin } from "vite";

const FOREIGN = /https?:\/\/\w+\.dcloud\.net\.cn[\w./?=-]*/g;

/** uni-app's runtime brings addresses of its maker (shadow pictures, advertisements): none is asked for. */
function ownHostOnly(): Plugin {
  return {
    name: "own-host-only",
    enforce: "post",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") file.code = file.code.replace(FOREIGN, "data:,");
        else if (typeof file.source === "string") {
          file.source = file.source.replace(FOREIGN, "data:,");
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [uni(), ownHostOnly()],
  server: { proxy: { "/api": process.env.WUZHAN_URL ?? "http://127.0.0.1:8000" } },
});
