// The main module of dockerode loads ssh2 and grpc as well: some 120 ms more at every start of the program.
declare module 'dockerode/lib/container.js' {
  import type Docker from 'dockerode';

  const Container: new (modem: object, id: string) => Docker.Container;
  export default Container;
}
