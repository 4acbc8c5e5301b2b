import { PageHeader } from "../../components/Page.tsx";

export default function ConsolePage() {
  return <PageHeader title="Console" />;
}
