/** The address pools of the settings: an invalid one stops the daemon, as any invalid setting does. */
import { invalidArgument } from "../base/errors.ts";
import { type AddressPool, poolFault } from "../network/index.ts";

export function checkPools(pools: readonly AddressPool[]): readonly AddressPool[] {
  const fault = poolFault(pools);
  if (fault !== null)
    throw invalidArgument(
      "config.invalid",
      `Cannot use addressPools of config.json: ${fault}`,
      'write [{"base": "10.9.0.0/16", "size": 24}]',
    );
  return pools;
}
