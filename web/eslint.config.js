import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "node_modules"] },
  js.configs.recommended,
  ts.configs.recommended,
  hooks.configs.flat.recommended,
  a11y.flatConfigs.strict,
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      // What scrolls must be reachable by keyboard, which a focusable region is.
      "jsx-a11y/no-noninteractive-tabindex": ["error", { tags: [], roles: ["region", "tabpanel"] }],
    },
  },
);
