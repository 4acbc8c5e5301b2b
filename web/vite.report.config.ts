import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Puts scripts and styles into the page itself, so that the report is one file. */
function oneFile(): Plugin {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_options, bundle) {
      const page = bundle["report.html"];
      if (page?.type !== "asset") throw new Error("the build made no report.html");
      let html = String(page.source);
      for (const [name, file] of Object.entries(bundle)) {
        if (file === page) continue;
        const tag = tagOf(name);
        if (!tag.test(html)) throw new Error(`the page does not load ${name}`);
        // A function, as $ has a meaning in a replacement that is text.
        html =
          file.type === "chunk"
            ? atEnd(html.replace(tag, ""), scriptOf(file.code))
            : html.replace(tag, () => `<style>${String(file.source)}</style>`);
        delete bundle[name];
      }
      page.source = html;
    },
  };
}

/** The tag that loads a file. */
function tagOf(name: string): RegExp {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`<(script|link)[^>]*${escaped}"[^>]*>(</script>)?`);
}

function scriptOf(code: string): string {
  return `<script type="module">${code.replaceAll("</script", "<\\/script")}</script>`;
}

function atEnd(html: string, tag: string): string {
  return html.replace("</body>", () => `${tag}\n  </body>`);
}

// Beside the dashboard, which is built before.
export default defineConfig({
  base: "./",
  plugins: [react(), tailwindcss(), oneFile()],
  build: {
    target: ["chrome125", "firefox128", "safari17.5"],
    emptyOutDir: false,
    copyPublicDir: false,
    modulePreload: false,
    rolldownOptions: { input: "report.html", output: { codeSplitting: false } },
  },
});
