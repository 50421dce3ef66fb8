/** The part of dockerode that is loaded by itself; @types/dockerode describes only the whole. */
declare module 'dockerode/lib/container.js' {
  import type Docker from 'dockerode';

  const Container: typeof Docker.Container;
  export default Container;
}
