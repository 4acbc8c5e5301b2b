import { useIsClustered } from "../api/server.ts";
import { Icon } from "../components/Icon.tsx";
import { classes } from "../lib/classes.ts";
import { pages, type PageName } from "./pages.ts";
import { href } from "./route.ts";

/**
 * The links to all pages: a column, or a bar at the bottom where there is little room. That of
 * the cluster is there if there is one.
 */
export function Navigation({ shown, warnings }: { shown: PageName; warnings: number }) {
  const clustered = useIsClustered();
  const linked = pages.filter((page) => page.name !== "cluster" || clustered);
  return (
    <nav
      aria-label="Pages"
      className="max-md:fixed max-md:inset-x-0 max-md:bottom-0 max-md:z-40 max-md:border-t max-md:border-line max-md:bg-surface max-md:pb-[env(safe-area-inset-bottom)]"
    >
      <ul className="flex md:flex-col md:gap-0.5">
        {linked.map((page) => (
          <li key={page.name} className="max-md:flex-1">
            <a
              href={href(page.name)}
              aria-current={page.name === shown ? "page" : undefined}
              className={classes(
                "flex items-center gap-2.5 rounded-lg font-medium max-md:flex-col max-md:gap-0.5 max-md:px-1 max-md:py-2 max-md:text-[0.7rem] md:px-2.5 md:py-2",
                page.name === shown
                  ? "text-accent md:bg-accent-soft"
                  : "text-muted hover:text-ink md:hover:bg-raised",
              )}
            >
              <Icon name={page.icon} size={18} />
              {page.title}
              {page.name === "overview" && warnings > 0 && (
                <span
                  aria-label={`${warnings} ${warnings === 1 ? "warning" : "warnings"}`}
                  role="img"
                  className="figures grid min-w-5 place-items-center rounded-full bg-warning-soft px-1 text-xs text-warning max-md:absolute max-md:ml-9 md:ml-auto"
                >
                  {warnings}
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
