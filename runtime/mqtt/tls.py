"""Whom we trust as a broker, and how we show who we are."""

import ssl

from runtime.errors import ConfigError
from runtime.mqtt.link import Endpoint


def context(endpoint: Endpoint) -> ssl.SSLContext | None:
    """What a `mqtts://` broker is spoken to with; None for one without TLS.

    Raises:
        ConfigError: a certificate or its key cannot be read, or is given where nothing is encrypted.
    """
    if endpoint.cert_file is None and endpoint.key_file is not None:
        raise ConfigError("mqtt.key_file is set without mqtt.cert_file; name the certificate it belongs to")
    if not endpoint.broker.tls:
        if endpoint.cert_file is not None:
            raise ConfigError("mqtt.cert_file needs TLS; make mqtt.broker a mqtts:// address")
        return None
    try:
        trust = ssl.create_default_context(cafile=endpoint.ca_file)
    except OSError as exc:  # a broken certificate is one, too
        raise ConfigError(
            f"mqtt.ca_file {endpoint.ca_file} holds no certificates ({exc}); name another file"
        ) from exc
    if endpoint.cert_file is not None:
        try:
            # An empty password, because none at all would have OpenSSL ask for one at the terminal.
            trust.load_cert_chain(endpoint.cert_file, endpoint.key_file, password="")
        except OSError as exc:
            key = endpoint.key_file or endpoint.cert_file
            raise ConfigError(
                f"mqtt.cert_file {endpoint.cert_file} with the key in {key} cannot be used ({exc}); "
                "name a certificate and its own key, without a password"
            ) from exc
    return trust


def hint(trust: ssl.SSLContext | None) -> str:
    """What may be wrong besides; paho does not say why a handshake failed."""
    if trust is None:
        return ""
    return ", or one of us does not accept the other's certificate; see mqtt.ca_file and mqtt.cert_file"
