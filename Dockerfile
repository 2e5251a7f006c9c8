# The image that `sluice install` and `flux bootstrap` name: node, git with SSH, and this program. Made by `npm run image`.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund && npm run build && npm prune --omit=dev --no-audit --no-fund \
 && find packages -name '*.test.*' -delete && find packages -name '*.tsbuildinfo' -delete && rm -rf packages/*/src bench test

FROM node:20-bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /opt/yarn-*
COPY --from=build /app /app
RUN ln -s /app/packages/cli/bin/sluice.js /usr/local/bin/sluice && ln -s /app/packages/cli/bin/flux.js /usr/local/bin/flux
# Nothing is written but to the volumes /data and /tmp. The number, not a name: runAsNonRoot wants to see that it is not 0.
ENV HOME=/tmp NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["sluice"]
