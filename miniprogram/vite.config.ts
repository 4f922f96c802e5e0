import uni from "@dcloudio/vite-plugin-uni";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [uni()],
  server: { proxy: { "/api": process.env.WUZHAN_URL ?? "http://127.0.0.1:8000" } },
});
