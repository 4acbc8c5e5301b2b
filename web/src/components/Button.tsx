import type { ButtonHTMLAttributes } from "react";

import { classes } from "../lib/classes.ts";
import { Icon, type IconName } from "./Icon.tsx";

const looks = {
  primary: "bg-accent text-on-accent border-transparent hover:brightness-110",
  secondary: "bg-surface text-ink border-line hover:bg-raised",
  quiet: "bg-transparent text-muted border-transparent hover:bg-raised hover:text-ink",
  danger: "bg-danger text-on-danger border-transparent hover:brightness-110",
} as const;

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: keyof typeof looks;
  icon?: IconName;
  small?: boolean;
  /** Shows that what it began goes on, and takes no further press until then. */
  busy?: boolean;
}

export function Button({
  variant = "secondary",
  icon,
  small = false,
  busy = false,
  className,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={classes(
        "inline-flex items-center justify-center gap-1.5 rounded-lg border font-medium whitespace-nowrap",
        "transition-[background-color,filter] disabled:cursor-not-allowed disabled:opacity-55",
        small ? "min-h-7 px-2 text-xs" : "min-h-9 px-3 text-sm",
        looks[variant],
        className,
      )}
      {...rest}
    >
      {busy ? <Spinner /> : icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </button>
  );
}

/** A button that shows an icon alone; the label is read out and shown on hover. */
export function IconButton({
  label,
  icon,
  ...rest
}: Omit<ButtonProps, "children"> & { label: string; icon: IconName }) {
  return (
    <Button
      variant="quiet"
      aria-label={label}
      title={label}
      icon={icon}
      {...rest}
      className={classes("aspect-square px-0!", rest.className)}
    />
  );
}

export function Spinner() {
  return (
    <span
      aria-hidden="true"
      className="size-4 shrink-0 animate-spin rounded-full border-2 border-current border-r-transparent"
    />
  );
}
