/** With `type: "file"` the value is the path of the embedded file. */
declare module "*/hbx-core" {
  const path: string;
  export default path;
}
