# Sourced by .ci/run: installs what of Debian's the tests need, the mail programs that they talk to and Chromium, and says in
# variables where those are that are not on the path. The other runtimes come from npm, with the workspace. Debian's mail servers exclude each other, so Exim is installed and Postfix is
# unpacked: it runs from a folder of its own. Root is needed; nothing is started, and no user or group is made for Postfix.

install_peers() {
  local missing=() pair
  for pair in curl:curl swaks:swaks msmtp:msmtp gsasl:gsasl fetchmail:fetchmail /usr/bin/python3:python3 \
    /usr/sbin/exim4:exim4-daemon-light /usr/sbin/haproxy:haproxy /usr/sbin/dovecot:dovecot-core /usr/lib/dovecot/lmtp:dovecot-lmtpd \
    /usr/lib/dovecot/submission:dovecot-submissiond /usr/sbin/saslpasswd2:sasl2-bin; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || missing+=(python3-aiosmtpd)
  # For swaks --tls and --auth.
  perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl)
  perl -MAuthen::SASL -e 1 2>/dev/null || missing+=(libauthen-sasl-perl)
  # For Postfix: mechanisms, and where it looks passwords up.
  compgen -G "/usr/lib/*/sasl2/libscram.so" >/dev/null || missing+=(libsasl2-modules)
  compgen -G "/usr/lib/*/sasl2/libsasldb.so" >/dev/null || missing+=(libsasl2-modules-db)
  [ -n "${CARTEIRO_POSTFIX-}" ] || missing+=(postfix)
  # Without windows, and without all that they need.
  find_chromium >/dev/null || missing+=(chromium-headless-shell)
  [ ${#missing[@]} -gt 0 ] || return 0

  echo "Installing ${missing[*]}"
  apt-get update -qq || return
  local packages=("${missing[@]/#postfix/}")
  # RUNLEVEL: packages that bring a daemon do not start it.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${packages[@]} >"$PEERS/apt.log" 2>&1 </dev/null ||
    { cat "$PEERS/apt.log"; return 1; }
  [[ " ${missing[*]} " != *" postfix "* ]] || unpack_postfix
}

find_chromium() { command -v chromium || command -v chromium-headless-shell; }

unpack_postfix() {
  local libraries
  # The libraries that Debian's package asks for besides its own: small, and harmless where they are there already.
  libraries=$(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances postfix |
    sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p')
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $libraries >>"$PEERS/apt.log" 2>&1 </dev/null ||
    { cat "$PEERS/apt.log"; return 1; }
  (cd "$PEERS" && apt-get download -qq -o APT::Sandbox::User=root postfix >/dev/null && dpkg -x postfix_*.deb postfix && rm -f postfix_*.deb)
}

PEERS=${CARTEIRO_PEERS:-${TMPDIR:-/tmp}/carteiro-peers}
mkdir -p "$PEERS"
for folder in "$PEERS/postfix" ""; do
  # Both its daemons and its tools, wherever they came from.
  [ -n "${CARTEIRO_POSTFIX-}" ] || [ ! -x "$folder/usr/lib/postfix/sbin/master" ] || CARTEIRO_POSTFIX=${folder:-/}
done
install_peers || return

# The Python that Debian's packages belong to: another may come first on the path.
export CARTEIRO_PYTHON=/usr/bin/python3
CARTEIRO_CHROMIUM=$(find_chromium)
export CARTEIRO_CHROMIUM
export CARTEIRO_EXIM=/usr/sbin/exim4
export CARTEIRO_POSTFIX=${CARTEIRO_POSTFIX:-$PEERS/postfix}
