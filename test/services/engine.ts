import Docker from 'dockerode';

/** A client of the engine that a `DOCKER_HOST` value names. */
export function engineAt(dockerHost: string): Docker {
  // With a DOCKER_HOST in the environment, docker-modem reads that one, its TLS settings included.
  if (dockerHost === process.env['DOCKER_HOST']) return new Docker();
  return new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') });
}
