import { createApplication, type World } from '@sluice/controllers/testing';

/** An application whose source is a GitRepository: here fetches are part of what is tried. */
export function gitApplication(
  world: World,
  files: Readonly<Record<string, string>>,
  specs: Readonly<Record<string, object>> = { app: { path: './' } },
): ReturnType<typeof createApplication> {
  return createApplication(world, files, specs, 'GitRepository');
}
