import { PageHeader } from "../../components/Page.tsx";

export default function OverviewPage() {
  return <PageHeader title="Overview" />;
}
