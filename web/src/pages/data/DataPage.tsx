import { PageHeader } from "../../components/Page.tsx";

export default function DataPage() {
  return <PageHeader title="Data" />;
}
