import type { Detector } from './detectors/detector.js';
import type { HostView } from './host-view.js';
import { carries } from './marks.js';
import type { Root } from './roots.js';

/** Which programs that start agents had to do with this one, in words. */
export function managersOf(root: Root, view: HostView): readonly string[] {
  return view.detectors
    .filter(({ kind }) => kind === 'manager')
    .flatMap(manager => {
      const why = reasonFor(manager, root, view);
      return why === undefined ? [] : [`started by ${manager.tool}: ${why}`];
    });
}

function reasonFor(manager: Detector, { top, main }: Root, view: HostView): string | undefined {
  const parent = view.ancestorsOf(top).find(one => view.toolOf(one)?.detector === manager);
  if (parent) return `process ${parent.pid}`;
  const mark = manager.marks?.find(one => carries(top, one));
  if (mark !== undefined) return `${mark} is set`;
  const folder = manager.worktrees?.find(one =>
    isBelow(main.workingDirectory, one, main.environment['HOME']),
  );
  return folder === undefined ? undefined : `it works below ${folder}`;
}

function isBelow(path: string | undefined, folder: string, home = ''): boolean {
  if (path === undefined) return false;
  if (folder.startsWith('~/')) return path.startsWith(`${home}${folder.slice(1)}`);
  return folder.startsWith('/') ? path.startsWith(folder) : path.includes(`/${folder}`);
}
