#!/bin/sh
# @NAME@: this shell header, then a gzip'd tar of the Deno runtime and the program.
# The first start unpacks it into a cache folder named by its SHA-256; later starts compare the file
# sizes there (one `wc`) and exec. XDG_CACHE_HOME chooses another place for the cache.
# Names begin with an underscore so that no variable which the user exported changes its value.
_name=@NAME@
_id=@ID@
_platform='@PLATFORM@'
_header=@HEADER@
_total=@TOTAL@
_files='@FILES@'
_sizes='@SIZES@'

_newline='
'
_why=

case $0 in */*) _self=$0 ;; *) _self=./$0 ;; esac
[ -r "$_self" ] || _self=$(command -v -- "$0")

# Inside unpack: print the first line of WHAT, and HINT, and end.
give_up() { # STATUS WHAT [HINT]
  printf '%s\n' "${2%%"$_newline"*}"
  [ -z "${3-}" ] || printf 'hint: %s\n' "$3"
  exit "$1"
}

# Set $_dir to the runtime below ROOT; succeed when it is ours and every file has its size.
finished() { # ROOT
  _dir=$1/$_id
  [ -O "$_dir" ] && [ -x "$_dir/deno" ] || return 1
  # shellcheck disable=SC2046,SC2086
  set -- $(PATH=/usr/bin:/bin:$PATH LC_ALL=C && export LC_ALL && cd "$_dir" &&
    exec wc -c $_files 2>/dev/null)
  [ "$*" = "$_sizes" ]
}

payload() {
  tail -c +$((_header + 1)) "$_self"
}

# Unpack below ROOT. Status 1: ROOT cannot be used; 2: no other folder would help. Prints why.
unpack() ( # ROOT
  PATH=/usr/bin:/bin:$PATH
  umask 077
  [ "$(uname -sm)" = "$_platform" ] ||
    give_up 2 "This $_name was built for $_platform, not for $(uname -sm)" \
      "Get or build the one for this kind of computer"
  size=$(($(wc -c <"$_self")))
  [ "$size" -eq "$_total" ] ||
    give_up 2 "Cannot start \"$_self\": it has $size of $_total bytes" "Copy the file again"
  { mkdir -p "$1" && [ -O "$1" ]; } 2>/dev/null ||
    give_up 1 "Cannot create \"$1\" as a folder of our own"
  find "$1" -maxdepth 1 -name '.unpack-*' -mtime +0 -exec rm -rf {} + 2>/dev/null
  new=$(mktemp -d "$1/.unpack-XXXXXX" 2>&1) || give_up 1 "Cannot write to \"$1\": $new"
  trap 'rm -rf "$new"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM

  if said=$({ { payload | gzip -dc || : >"$new/damaged"; } | tar -xmof - -C "$new"; } 2>&1) &&
    [ ! -e "$new/damaged" ]; then
    said=$("$new/deno" --version 2>&1 >/dev/null) ||
      give_up 1 "Cannot run programs from \"$1\": ${said##*: }"
  elif payload | gzip -t 2>/dev/null; then
    give_up 2 "Cannot unpack to \"$1\", is the disk full? ${said:-A write failed}" \
      "Free @MEGABYTES@ MB there, or set XDG_CACHE_HOME to a folder on another disk"
  else
    give_up 2 "Cannot start \"$_self\": the file is damaged" "Copy the file again"
  fi

  # Another start may have been faster. If not: one rename a file, each atomic and all copies equal,
  # so that a damaged file is replaced below a program that still runs from the folder.
  finished "$1" || {
    mkdir -p "$1/$_id/app" && mv -f "$new"/app/* "$1/$_id/app/" && mv -f "$new/deno" "$1/$_id/"
  }
)

# Run the program from ROOT, unpacked first where needed. Returns when ROOT cannot be used.
start() { # ROOT ARGUMENT...
  _root=$1
  shift
  finished "$_root" || {
    _said=$(unpack "$_root" </dev/null 2>&1)
    case $? in
      0) finished "$_root" || fail "Cannot repair \"$_dir\": delete this folder and start again" ;;
      1) _why="$_why${_why:+; }$_said" && return ;;
      *) fail "$_said" ;;
    esac
  }
  # The V8 code cache is an SQLite file in WAL mode: one a host, as a home may be shared over NFS.
  _host=cache
  [ -r /proc/sys/kernel/hostname ] && read -r _host </proc/sys/kernel/hostname
  # Deno looks for ~/.npmrc and ends with an error where the home is not a folder.
  [ -d "${HOME-}" ] || unset HOME
  export DENO_DIR="$_dir/deno-$_host" DENO_NO_UPDATE_CHECK=1
  exec "$_dir/deno" run @FLAGS@ "$_dir/app/@ENTRY@" "$@"
}

fail() { # WHAT
  printf 'error: %s\n' "$1" >&2
  exit 1
}

case ${XDG_CACHE_HOME-} in /*) start "$XDG_CACHE_HOME/$_name/runtime" "$@" ;; esac
case ${HOME-} in /*) [ -O "$HOME" ] && start "$HOME/.cache/$_name/runtime" "$@" ;; esac
case ${TMPDIR-} in /*) _own=$TMPDIR ;; *) _own=/tmp ;; esac
_own=$_own/$_name-$(PATH=/usr/bin:/bin:$PATH && id -u)
[ -d "$_own" ] || (PATH=/usr/bin:/bin:$PATH && mkdir -m 700 "$_own") 2>/dev/null
# Another user may have made a folder of this name: use it only when it is a real one and ours.
if [ -O "$_own" ] && [ ! -h "$_own" ]; then
  start "$_own/runtime" "$@"
else
  _why="$_why${_why:+; }Cannot create \"$_own\" as a folder of our own"
fi
fail "$_why${_newline}hint: Set XDG_CACHE_HOME to a folder that you may write to and run programs from"
