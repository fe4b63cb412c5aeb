/** Where a container's files lie. */
export function containerDir(home: string, id: string): string {
  return `${home}/containers/${id}`;
}

export function containerPaths(home: string, id: string) {
  const dir = containerDir(home, id);
  return {
    dir,
    upper: `${dir}/upper`,
    work: `${dir}/work`,
    log: `${dir}/output.log`,
    exitFile: `${dir}/exit.json`,
    hosts: `${dir}/hosts`,
    hostname: `${dir}/hostname`,
    resolvConf: `${dir}/resolv.conf`,
  };
}
