FROM node:20-slim
WORKDIR /ledgerline
COPY package.json package-lock.json .npmrc ./
COPY libs libs
COPY apps apps
COPY tools tools
# The compiler is needed once; the local engines are not needed at all where real ones run.
RUN npm ci --ignore-scripts && node tools/build.mjs && npm prune --omit=dev --ignore-scripts
USER node
ENTRYPOINT ["node", "--enable-source-maps"]
