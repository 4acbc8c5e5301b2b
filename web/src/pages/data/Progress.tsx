/** How far something has come: a share between 0 and 1, or undefined if its end is not known. */
export function Progress({ label, share, text }: { label: string; share?: number; text: string }) {
  const percent = share === undefined ? undefined : Math.min(100, Math.round(share * 100));
  return (
    <div className="flex flex-col gap-1">
      <progress
        aria-label={label}
        max={100}
        value={percent}
        className="h-2 w-full overflow-hidden rounded-full accent-accent"
      />
      <p className="figures text-sm text-muted" role="status">
        {text}
      </p>
    </div>
  );
}
