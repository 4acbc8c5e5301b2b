/** Outlines of 24 by 24, drawn with strokes. */
const paths = {
  gauge: "M12 14l4-5M4.5 18a9 9 0 1115 0",
  rows: "M4 6h16M4 12h16M4 18h10",
  prompt: "M5 7l5 5-5 5M12.5 17H19",
  layers: "M12 4l8 4.5-8 4.5-8-4.5L12 4zM4 13l8 4.5 8-4.5",
  nodes: "M9 3h6v6H9zM3 15h6v6H3zM15 15h6v6h-6zM12 9v3M6 15v-3h12v3",
  timer: "M12 8v5l3 2M9 3h6M12 21a8 8 0 100-16 8 8 0 000 16z",
  sun: "M12 16a4 4 0 100-8 4 4 0 000 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 019.5 4a8.5 8.5 0 1010.5 10.5z",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  close: "M6 6l12 12M18 6L6 18",
  warning: "M12 4l9 16H3l9-16zM12 10v4M12 17v.5",
  info: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v6M12 7.5V8",
  check: "M5 13l4.5 4.5L19 7",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l11 7-11 7z",
  leave: "M14 4h5v16h-5M4 12h10M10 8l4 4-4 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  search: "M11 18a7 7 0 100-14 7 7 0 000 14zM16 16l4.5 4.5",
  edit: "M4 20l1-4L16 5l3 3L8 19l-4 1z",
  plus: "M12 5v14M5 12h14",
  refresh: "M19 8a8 8 0 10.8 6M19 3v5h-5",
  chevron: "M9 6l6 6-6 6",
  stop: "M7 7h10v10H7z",
} as const;

export type IconName = keyof typeof paths;

/** A picture that stands beside words that say the same, and so is hidden from readers. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className="shrink-0"
    >
      <path d={paths[name]} />
    </svg>
  );
}
