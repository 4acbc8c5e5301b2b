import { useRight, type Right } from "../../api/whoami.ts";
import { href, useRoute } from "../../app/route.ts";
import { PageHeader } from "../../components/Page.tsx";
import { SubNavigation } from "../../components/SubNavigation.tsx";
import { ClientsPart } from "./ClientsPart.tsx";
import { ConfigPart } from "./ConfigPart.tsx";
import { SlowLogPart } from "./SlowLogPart.tsx";
import { StructurePart } from "./StructurePart.tsx";

const parts = [
  { name: "structure", title: "Structure", right: "figures", Part: StructurePart },
  { name: "clients", title: "Clients", right: "clients", Part: ClientsPart },
  { name: "slow-log", title: "Slow log", right: "slowlog", Part: SlowLogPart },
  { name: "configuration", title: "Configuration", right: "config", Part: ConfigPart },
] as const;

/** What the engine and the server are made of, and what goes on within. */
export default function EnginePage() {
  const { rest } = useRoute();
  const shown = parts.find((part) => part.name === rest[0]) ?? parts[0];
  return (
    <>
      <PageHeader title="Engine" />
      <SubNavigation
        label="Parts of the engine"
        current={shown.name}
        links={parts.map(({ name, title }) => ({ name, title, href: href("engine", [name]) }))}
      />
      <Allowed right={shown.right}>
        <shown.Part />
      </Allowed>
    </>
  );
}

function Allowed({ right, children }: { right: Right; children: React.ReactNode }) {
  if (useRight(right)) return children;
  return <p className="card p-6 text-muted">Your user has not the right to see this.</p>;
}
