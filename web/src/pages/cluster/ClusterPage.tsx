import { useCluster } from "../../api/cluster.ts";
import { useVersion } from "../../api/server.ts";
import { useRight } from "../../api/whoami.ts";
import { Notice, Notices } from "../../components/Notice.tsx";
import { Failure, Loading, PageHeader } from "../../components/Page.tsx";
import { NodesCard } from "./NodesCard.tsx";
import { ShardsCard } from "./ShardsCard.tsx";
import { SummaryTiles } from "./SummaryTiles.tsx";
import { troublesOf } from "./troubles.ts";

/** The nodes and the shards of the cluster that the server is a node of, and what changes them. */
export default function ClusterPage() {
  return (
    <>
      <PageHeader title="Cluster" />
      <Allowed />
    </>
  );
}

function Allowed() {
  const { data, error, refetch } = useVersion();
  if (!useRight("figures"))
    return (
      <p className="card p-6 text-muted">
        Your user may not see how the cluster is laid out: that takes the right to run INFO.
      </p>
    );
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Loading what="the server's version" />;
  if (data.shards === undefined)
    return (
      <p className="card p-6 text-muted">
        This server is no node of a cluster: all of its data is here alone.
      </p>
    );
  return <Layout />;
}

function Layout() {
  const { data, error, refetch } = useCluster();
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Loading what="the cluster's layout" />;
  return (
    <>
      <Notices label="Troubles">
        {troublesOf(data).map(({ id, level, text }) => (
          <Notice key={id} level={level}>
            {text}
          </Notice>
        ))}
      </Notices>
      <div className="flex flex-col gap-3">
        <SummaryTiles cluster={data} />
        <NodesCard cluster={data} />
        <ShardsCard cluster={data} />
      </div>
    </>
  );
}
