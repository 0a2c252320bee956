#!/bin/sh
# Stands in for Python in tests of the installation. Appends what it is asked to do to $LOG.
#
# WITHOUT_SHIM=MESSAGE  the installed sleap-nn fails with MESSAGE until the shim is there
# TORCH=cpu             what the installed torch is built for
# GATE=FILE             pip does not end before this file exists

bin=$(dirname "$0")
packages="$bin/../packages"

case "$*" in
"-m venv "*)
  echo venv >>"$LOG"
  mkdir -p "$3/bin" "$3/packages"
  cp "$0" "$3/bin/python"
  ;;
*"import ensurepip, venv"*)
  echo "[3, 13, \"$0\", true]"
  ;;
*runpy*)
  echo pip >>"$LOG"
  echo "Installing collected packages: torch, sleap-nn"
  while test -n "$GATE" && ! test -e "$GATE"; do sleep 0.02; done
  cat >"$bin/sleap-nn" <<'END'
#!/bin/sh
echo "sleap-nn $1" >>"$LOG"
shim=$(dirname "$0")/../packages/sleap_rtc_torchvision_shim.pth
test -z "$WITHOUT_SHIM" || test -e "$shim" && exit 0
echo "Traceback (most recent call last):" >&2
echo "RuntimeError: $WITHOUT_SHIM" >&2
exit 1
END
  chmod +x "$bin/sleap-nn"
  ;;
*torch.version*)
  echo "$TORCH"
  ;;
*sysconfig*)
  echo "$packages"
  ;;
*)
  echo "stand-in: not prepared for $*" >&2
  exit 64
  ;;
esac
