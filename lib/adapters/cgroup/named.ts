const ID = /^[0-9a-f]{64}$/;

/** What stands around the ID. Podman's `conmon` watches the container from a cgroup of a similar name. */
const NAME = /^(?:[\w.-]+:[\w-]+:|(?!.*conmon-)[a-z-]+-)?([0-9a-f]{64})(?:\.scope)?$/;

/**
 * The full ID of the container that a cgroup is named after: `<id>` with the cgroupfs driver of Docker,
 * `docker-<id>.scope`, `libpod-<id>.scope`, `cri-containerd-<id>.scope` or `nerdctl-<id>.scope` with systemd's, and
 * `slice:cri-containerd:<id>` where a name for systemd was given to the other one.
 */
export const idInName = (name: string): string | undefined => NAME.exec(name)?.[1];

export const isNamedAfter = (name: string, id: string): boolean => ID.test(id) && idInName(name) === id;
