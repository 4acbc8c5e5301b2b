import type { Structure } from "../../api/engine.ts";
import { Card } from "../../components/Page.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { Blocks } from "./Blocks.tsx";

/** The files of the log, which a recovery would read. */
export function LogCard({ log }: { log: Structure["log"] }) {
  return (
    <Card title="Log" note={`${formatBytes(log.bytes)} to recover from`}>
      <Blocks
        label="Files of the log"
        blocks={log.files.map((file) => ({
          key: file.number,
          bytes: file.bytes,
          detail: file.file_bytes > 0 ? `of ${formatBytes(file.file_bytes)}` : undefined,
          look: file.state === "active" ? "strong" : file.state === "spare" ? "empty" : "plain",
          title: `#${file.number}`,
          note: file.state,
        }))}
      />
    </Card>
  );
}
