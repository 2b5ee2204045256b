#!/usr/bin/env bash
# Check the types of the page's modules, which their JSDoc comments give: tsc, strict. Skipped where there is no node.
# The pinned tsc is fetched from npm once, into $XDG_CACHE_HOME/vidkit-web.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "skipped: the types of the web page, since node and npm are not installed"
  exit 0
fi

lock=$(cat scripts/web/package.json scripts/web/package-lock.json | sha256sum | cut -c1-16)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/vidkit-web/$lock
if [ ! -d "$tools" ]; then
  mkdir -p "$(dirname "$tools")"
  making=$(mktemp -d "$tools.XXXXXX")
  cp scripts/web/package.json scripts/web/package-lock.json "$making"
  if ! (cd "$making" && npm ci --ignore-scripts --no-audit --no-fund --silent); then
    rm -rf "$making"
    echo "skipped: the types of the web page, since npm cannot fetch tsc"
    exit 0
  fi
  mv -T "$making" "$tools" 2>/dev/null || rm -rf "$making" # another run was faster
fi

# tsc sees the page's modules with the types of the vendored libraries beside them, and the packages above both.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -s "$tools/node_modules" "$work/node_modules"
cp scripts/web/tsconfig.json "$work"
cp -r src/vidkit/web/static "$work/static"
find "$work/static/vendor" -name '*.js' -delete
cp -r scripts/web/types/. "$work/static"
if ! (cd "$work" && node_modules/.bin/tsc --project . --pretty false) >"$work/found" 2>&1; then
  sed 's|^static/|src/vidkit/web/static/|' "$work/found"
  exit 1
fi
echo "the types of the web page are right"
