import { classes } from "../lib/classes.ts";

/** Links to the parts of a page. */
export function SubNavigation({
  label,
  links,
  current,
}: {
  label: string;
  links: readonly { name: string; title: string; href: string }[];
  current: string;
}) {
  return (
    <nav aria-label={label} className="mb-4 overflow-x-auto border-b border-line">
      <ul className="flex gap-1">
        {links.map((link) => (
          <li key={link.name}>
            <a
              href={link.href}
              aria-current={link.name === current ? "true" : undefined}
              className={classes(
                "-mb-px block border-b-2 px-3 py-2 font-medium whitespace-nowrap",
                link.name === current
                  ? "border-accent text-ink"
                  : "border-transparent text-muted hover:text-ink",
              )}
            >
              {link.title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
