import { PageHeader } from "../../components/Page.tsx";

export default function EnginePage() {
  return <PageHeader title="Engine" />;
}
