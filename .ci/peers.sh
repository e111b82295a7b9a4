# Sourced by .ci/run: installs the mail programs of Debian's that the interoperability tests talk to, and says in variables
# where those are that are not on the path. Debian's mail servers exclude each other, so of Postfix only smtp-sink is taken,
# out of the unpacked package: it needs no configuration and no daemon. Root is needed; nothing is started.

install_peers() {
  local missing=() pair
  for pair in curl:curl swaks:swaks msmtp:msmtp /usr/bin/python3:python3 /usr/sbin/exim4:exim4-daemon-light; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || missing+=(python3-aiosmtpd)
  # For swaks --tls and --auth.
  perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl)
  perl -MAuthen::SASL -e 1 2>/dev/null || missing+=(libauthen-sasl-perl)
  command -v smtp-sink >/dev/null || [ -x "$PEERS/bin/smtp-sink" ] || missing+=(smtp-sink)
  [ ${#missing[@]} -gt 0 ] || return 0

  echo "Installing ${missing[*]}"
  apt-get update -qq || return
  local packages=("${missing[@]/smtp-sink/}")
  # RUNLEVEL: packages that bring a daemon do not start it.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${packages[@]} >"$PEERS/apt.log" 2>&1 </dev/null ||
    { cat "$PEERS/apt.log"; return 1; }
  [[ " ${missing[*]} " != *" smtp-sink "* ]] || unpack_smtp_sink
}

unpack_smtp_sink() {
  local libraries
  # The libraries that Debian's package asks for besides its own: small, and harmless where they are there already.
  libraries=$(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances postfix |
    sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p')
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $libraries >>"$PEERS/apt.log" 2>&1 </dev/null ||
    { cat "$PEERS/apt.log"; return 1; }
  (cd "$PEERS" && apt-get download -qq -o APT::Sandbox::User=root postfix >/dev/null && dpkg -x postfix_*.deb postfix && rm -f postfix_*.deb) || return
  mkdir -p "$PEERS/bin"
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$PEERS/postfix/usr/lib/postfix" "$PEERS/postfix/usr/sbin/smtp-sink" \
    >"$PEERS/bin/smtp-sink"
  chmod +x "$PEERS/bin/smtp-sink"
}

PEERS=${CARTEIRO_PEERS:-${TMPDIR:-/tmp}/carteiro-peers}
mkdir -p "$PEERS"
install_peers || return

# The Python that Debian's packages belong to: another may come first on the path.
export CARTEIRO_PYTHON=/usr/bin/python3
export CARTEIRO_EXIM=/usr/sbin/exim4
CARTEIRO_SMTP_SINK=$(command -v smtp-sink || echo "$PEERS/bin/smtp-sink")
export CARTEIRO_SMTP_SINK
