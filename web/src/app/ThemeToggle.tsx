import { IconButton } from "../components/Button.tsx";
import type { IconName } from "../components/Icon.tsx";
import { chooseTheme, useTheme, type Theme } from "./theme.ts";

const next: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const icons: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };
const words: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };

/** Goes round: as the system, light, dark. */
export function ThemeToggle() {
  const theme = useTheme();
  return (
    <IconButton
      icon={icons[theme]}
      label={`Colours: ${words[theme]}; change to ${words[next[theme]]}`}
      onClick={() => chooseTheme(next[theme])}
    />
  );
}
