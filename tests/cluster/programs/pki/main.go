// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// pki writes the keys and certificates of a local cluster into a folder: `pki FOLDER ADDRESS...`.
//
// ca signs server (the API server, for the addresses and names given) and admin (a client in system:masters);
// service-account.key signs the tokens of service accounts.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

func check[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func write(folder, name, kind string, content []byte) {
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
	if err := os.WriteFile(filepath.Join(folder, name), block, 0o600); err != nil {
		log.Fatal(err)
	}
}

func newKey(folder, name string) *ecdsa.PrivateKey {
	key := check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	write(folder, name+".key", "EC PRIVATE KEY", check(x509.MarshalECPrivateKey(key)))
	return key
}

// certificate writes a certificate and returns it as written: only then does it have the key identifier by which those that it
// signs name it, which Python 3.13 and later insist on.
func certificate(folder, name string, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	template.SerialNumber = check(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)))
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().AddDate(10, 0, 0)
	der := check(x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer))
	write(folder, name+".crt", "CERTIFICATE", der)
	return check(x509.ParseCertificate(der))
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: pki FOLDER ADDRESS...")
	}
	folder := os.Args[1]

	caKey := newKey(folder, "ca")
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "livestream.srs test cluster"},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	ca := certificate(folder, "ca", template, template, caKey, caKey)

	server := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, address := range os.Args[2:] {
		if ip := net.ParseIP(address); ip != nil {
			server.IPAddresses = append(server.IPAddresses, ip)
		} else {
			server.DNSNames = append(server.DNSNames, address)
		}
	}
	certificate(folder, "server", server, ca, newKey(folder, "server"), caKey)

	admin := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	certificate(folder, "admin", admin, ca, newKey(folder, "admin"), caKey)

	newKey(folder, "service-account")
}
