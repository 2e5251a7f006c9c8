import { customResources, groups, type CustomResource } from '@sluice/api';

/** The kinds that the controllers work on, in the order to install them in. */
export const controlledResources: readonly CustomResource[] = customResources.filter(({ group }) => group !== groups.image);
