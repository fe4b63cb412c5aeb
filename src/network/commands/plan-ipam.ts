/** Puts ranges, gateways and auxiliary addresses to the subnets that they are in, as the API wants them. */
import { Failure } from "../../cli/failure.ts";

export type IpamFlags = {
  subnets: readonly string[];
  ranges: readonly string[];
  gateways: readonly string[];
  aux: Readonly<Record<string, string>>;
};
type Config = { Subnet: string; IPRange?: string; Gateway?: string; AuxiliaryAddresses?: Record<string, string> };

export function planIpam({ subnets, ranges, gateways, aux }: IpamFlags): Config[] {
  const configs = subnets.map((Subnet): Config => ({ Subnet }));
  const owner = (address: string, what: string): Config => {
    const found = configs.find(({ Subnet }) => holds(Subnet, address));
    if (!found) throw new Failure(`no matching subnet for ${what} ${address}`, { exitCode: 1 });
    return found;
  };
  for (const range of ranges) once(owner(range.split("/")[0] ?? "", "range"), "IPRange", range);
  for (const gateway of gateways) once(owner(gateway, "gateway"), "Gateway", gateway);
  for (const [name, address] of Object.entries(aux)) {
    const config = owner(address, "aux-address");
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address };
  }
  return configs;
}

function once(config: Config, key: "IPRange" | "Gateway", value: string): void {
  if (config[key] !== undefined)
    throw new Failure(
      `cannot configure more than one ${key === "Gateway" ? "gateway" : "range"} for subnet ${config.Subnet}`,
      {
        exitCode: 1,
      },
    );
  config[key] = value;
}

/** Whether the subnet holds the address. What is no address is for the daemon to refuse. */
function holds(subnet: string, address: string): boolean {
  const [base = "", prefix = "0"] = subnet.split("/");
  const [a, b] = [bits(base), bits(address)];
  return (
    a === null || b === null || (a.length === b.length && a.slice(0, Number(prefix)) === b.slice(0, Number(prefix)))
  );
}

function bits(address: string): string | null {
  if (/^\d+(\.\d+){3}$/.test(address))
    return address
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  const [left = "", right] = address.split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const [head, tail] = [groups(left), groups(right)];
  if (!/^[0-9a-f:]+$/i.test(address) || head.length + tail.length > 8) return null;
  const zeros = new Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}
