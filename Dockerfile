# The image that `sluice install` and `flux bootstrap` name: node, git with SSH, and this program. Made by `npm run image`.
# Debian with Node, from where one has it.
ARG BASE=docker.io/library/node:24-bookworm-slim
FROM $BASE AS build
WORKDIR /app
COPY . .
# The registry of npm, its certificate and its login may be one's own: see docs/start-cluster.md.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
RUN npx tsc -b packages/cli && node scripts/bundle.mjs \
 && npm prune --omit=dev && rm node_modules/@sluice/test \
 && rm -rf packages/*/src packages/*/tsconfig* \
 && find node_modules packages -name '*.map' -delete -o -name '*.d.ts' -delete -o -name '*.d.[cm]ts' -delete -o -type d -empty -delete

FROM $BASE
# OpenSSH does nothing for a user without a name; tini ends processes that Git leaves behind.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client tini \
 && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/corepack /usr/local/bin/np[mx] /usr/local/bin/yarn* /opt/yarn-* \
 && echo 'sluice:x:65532:' >>/etc/group && echo 'sluice:x:65532:65532::/tmp:/usr/sbin/nologin' >>/etc/passwd \
 && ln -s /app/packages/cli/bin/sluice.js /usr/local/bin/sluice && ln -s /app/packages/cli/bin/flux.js /usr/local/bin/flux
COPY --from=build /app/LICENSE /app/NOTICE /app/
COPY --from=build /app/examples/quickstart /app/examples/quickstart
COPY --from=build /app/monitoring /app/monitoring
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/packages /app/packages
# Nothing is written but to the volumes /data and /tmp. The number, not a name: runAsNonRoot wants to see that it is not 0.
ENV HOME=/tmp NODE_ENV=production
USER 65532:65532
LABEL org.opencontainers.image.title=Sluice org.opencontainers.image.description="GitOps for Kubernetes" org.opencontainers.image.licenses=Apache-2.0
ENTRYPOINT ["tini", "--", "sluice"]
