import { useStructure, type Structure } from "../../api/engine.ts";
import { Card, Failure, Loading } from "../../components/Page.tsx";
import { formatBytes } from "../../lib/bytes.ts";
import { CacheCard } from "./CacheCard.tsx";
import { CompactionsCard } from "./CompactionsCard.tsx";
import { LevelsCard } from "./LevelsCard.tsx";
import { LogCard } from "./LogCard.tsx";
import { MemtablesCard } from "./MemtablesCard.tsx";

/** What the engine is made of: memtables, log, levels of segments, and the cache. */
export function StructurePart() {
  const { data, error, refetch } = useStructure();
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Loading what="the engine's structure" />;
  return (
    <div className="flex flex-col gap-3">
      {inMemory(data) ? <InMemory structure={data} /> : <OnDisk structure={data} />}
    </div>
  );
}

/** Whether there is nothing on disk, nor a log that would come before it. */
function inMemory({ levels, log }: Structure): boolean {
  return log.files.length === 0 && levels.every((level) => level.bytes === 0);
}

function InMemory({ structure }: { structure: Structure }) {
  const bytes = structure.memtables.reduce((sum, memtable) => sum + memtable.bytes, 0);
  return (
    <>
      <Card title="In memory only">
        <p className="text-muted">
          The server was started without a data directory: all {formatBytes(bytes)} are in memory,
          and there is neither a log nor a level on disk.
        </p>
      </Card>
      <MemtablesCard memtables={structure.memtables} />
      {structure.cache.queues.length > 0 && (
        <CacheCard cache={structure.cache} engine={structure.engine} />
      )}
    </>
  );
}

function OnDisk({ structure }: { structure: Structure }) {
  return (
    <>
      <div className="grid gap-3 lg:grid-cols-2">
        <MemtablesCard memtables={structure.memtables} />
        <LogCard log={structure.log} />
      </div>
      <LevelsCard levels={structure.levels} leftOut={structure.segments_left_out} />
      <div className="grid gap-3 lg:grid-cols-2">
        <CompactionsCard compactions={structure.compactions} />
        <CacheCard cache={structure.cache} engine={structure.engine} />
      </div>
    </>
  );
}
