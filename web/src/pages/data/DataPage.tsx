import { useEffect, useState } from "react";

import { onRestored } from "../../app/connection.ts";
import { navigate, replaceRoute } from "../../app/route.ts";
import { scanKeys } from "../../api/scan.ts";
import { useRight } from "../../api/whoami.ts";
import { Button, IconButton } from "../../components/Button.tsx";
import { PageHeader } from "../../components/Page.tsx";
import { classes } from "../../lib/classes.ts";
import type { Key } from "../../lib/key.ts";
import { EntryPane } from "./EntryPane.tsx";
import { ExportDialog } from "./ExportDialog.tsx";
import { ImportDialog } from "./ImportDialog.tsx";
import { KeyList } from "./KeyList.tsx";
import { KeyPages } from "./key_pages.ts";
import { KeyspaceBar } from "./KeyspaceBar.tsx";
import { NewEntryDialog } from "./NewEntryDialog.tsx";
import { placeHref, usePlace } from "./place.ts";
import { PrefixSearch } from "./PrefixSearch.tsx";

type Open = "new" | "import" | "export" | null;

/** The keys of a keyspace, and an entry of them. */
export default function DataPage() {
  const place = usePlace();
  const { keyspace, prefix, key } = place;
  const [open, setOpen] = useState<Open>(null);
  const [refreshes, setRefreshes] = useState(0);
  const pages = usePages(keyspace, prefix, refreshes);
  const mayWrite = useRight("write");

  const show = (next: Key | null) => navigate(placeHref({ ...place, key: next }));
  return (
    <div className="flex flex-col md:h-[calc(100dvh-2rem)]">
      <PageHeader title="Data">
        <IconButton label="Refresh" icon="refresh" onClick={() => setRefreshes(refreshes + 1)} />
        {mayWrite && (
          <Button icon="upload" onClick={() => setOpen("import")}>
            Import
          </Button>
        )}
        <Button icon="download" onClick={() => setOpen("export")}>
          Export
        </Button>
        {mayWrite && (
          <Button variant="primary" icon="plus" onClick={() => setOpen("new")}>
            New key
          </Button>
        )}
      </PageHeader>
      <div className="grid min-h-0 flex-1 gap-4 md:grid-cols-[minmax(17rem,2fr)_3fr]">
        <section
          aria-label="Keys"
          className={classes(
            "card flex min-h-0 min-w-0 flex-col overflow-hidden max-md:h-[calc(100dvh-13.5rem)]",
            key !== null && "max-md:hidden",
          )}
        >
          <div className="flex flex-col gap-2 border-b border-line p-3">
            <KeyspaceBar
              keyspace={keyspace}
              refreshes={refreshes}
              onChange={(name) =>
                navigate(placeHref({ keyspace: name, prefix: "" as Key, key: null }))
              }
            />
            <PrefixSearch
              key={keyspace}
              prefix={prefix}
              onChange={(next) => replaceRoute(placeHref({ ...place, prefix: next, key: null }))}
            />
          </div>
          <KeyList
            key={`${keyspace}\0${prefix}\0${refreshes}`}
            pages={pages}
            selected={key}
            onSelect={show}
          />
        </section>
        <section
          aria-label="Entry"
          className={classes(
            "card min-h-0 min-w-0 overflow-hidden",
            key === null && "max-md:hidden",
          )}
        >
          <EntryPane
            key={`${keyspace}\0${key}`}
            name={key === null ? null : { keyspace, key }}
            refreshes={refreshes}
            onChanged={(changed) => void pages.reread(changed)}
            onClose={() => show(null)}
          />
        </section>
      </div>
      {open === "new" && (
        <NewEntryDialog
          keyspace={keyspace}
          prefix={prefix}
          onClose={() => setOpen(null)}
          onCreated={(created) => {
            setOpen(null);
            void pages.reread(created);
            show(created);
          }}
        />
      )}
      {open === "import" && (
        <ImportDialog
          keyspace={keyspace}
          onClose={(changed) => {
            setOpen(null);
            if (changed) setRefreshes(refreshes + 1);
          }}
        />
      )}
      {open === "export" && (
        <ExportDialog keyspace={keyspace} prefix={prefix} onClose={() => setOpen(null)} />
      )}
    </div>
  );
}

/** The pages of keys, read anew after each refresh. */
function usePages(keyspace: string, prefix: Key, refreshes: number): KeyPages {
  const make = () => ({
    refreshes,
    pages: new KeyPages({ keyspace, prefix }, scanKeys),
    keyspace,
    prefix,
  });
  const [current, setCurrent] = useState(make);
  let { pages } = current;
  if (
    current.keyspace !== keyspace ||
    current.prefix !== prefix ||
    current.refreshes !== refreshes
  ) {
    const made = make();
    setCurrent(made);
    pages = made.pages;
  }
  useEffect(() => {
    pages.open();
    const stop = onRestored(() => pages.retry());
    return () => {
      stop();
      pages.close();
    };
  }, [pages]);
  return pages;
}
