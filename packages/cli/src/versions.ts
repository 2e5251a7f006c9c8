/** The version of Flux whose commands and API this program speaks: what `flux --version` says, and tools parse. */
export const FLUX_VERSION = '2.9.4';

/** This program's own. */
export const SLUICE_VERSION = '0.1.0';
