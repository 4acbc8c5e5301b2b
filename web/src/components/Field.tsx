import { useId, type InputHTMLAttributes, type ReactNode } from "react";

import { classes } from "../lib/classes.ts";

export const inputLook =
  "min-h-9 w-full min-w-0 rounded-lg border border-line-strong/60 bg-surface px-2.5 text-ink placeholder:text-muted disabled:opacity-60";

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string;
  /** The label is read out only. */
  bare?: boolean;
}

interface TextFieldProps
  extends FieldProps, Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> {
  value: string;
  onChange(value: string): void;
}

export function TextField({
  label,
  hint,
  error,
  bare = false,
  value,
  onChange,
  className,
  ...rest
}: TextFieldProps) {
  const id = useId();
  return (
    <Labelled id={id} {...{ label, hint, error, bare }}>
      <input
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={error ? true : undefined}
        aria-describedby={hint || error ? `${id}-note` : undefined}
        className={classes(inputLook, className)}
        {...rest}
      />
    </Labelled>
  );
}

interface SelectProps extends FieldProps {
  value: string;
  options: readonly { value: string; label: string; disabled?: boolean }[];
  onChange(value: string): void;
  className?: string;
}

export function Select({
  label,
  hint,
  error,
  bare = false,
  value,
  options,
  onChange,
  className,
}: SelectProps) {
  const id = useId();
  return (
    <Labelled id={id} {...{ label, hint, error, bare }}>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-describedby={hint || error ? `${id}-note` : undefined}
        className={classes(inputLook, className)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

export function Labelled({
  id,
  label,
  hint,
  error,
  bare,
  children,
}: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={bare ? "sr-only" : "text-sm font-medium"}>
        {label}
      </label>
      {children}
      {(hint || error) && (
        <p id={`${id}-note`} className={error ? "text-xs text-danger" : "text-xs text-muted"}>
          {error || hint}
        </p>
      )}
    </div>
  );
}
