// The same uploads with net/http: one client, and a body of known length without a copy of the picture.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
)

const (
	mchID = "1900000109"
	key   = "192006250b4c09247ec02edce69f6a2d"
)

type pair struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

type document struct {
	Fields []pair `xml:",any"`
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func canonical(params map[string]string) []byte {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	var text strings.Builder
	for _, name := range names {
		text.WriteString(name + "=" + params[name] + "&")
	}
	text.WriteString("key=" + key)
	return []byte(text.String())
}

func upload(client *http.Client, url, picture string) {
	content, err := os.ReadFile(picture)
	must(err)
	hash := md5.Sum(content)
	fields := map[string]string{
		"mch_id":     mchID,
		"media_hash": hex.EncodeToString(hash[:]),
		"sign_type":  "HMAC-SHA256",
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(canonical(fields))
	fields["sign"] = strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))

	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	for name, value := range fields {
		must(form.WriteField(name, value))
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", `form-data; name="media"; filename="picture.png"`)
	header.Set("Content-Type", "image/png")
	_, err = form.CreatePart(header)
	must(err)
	before := head.Len()
	must(form.Close())
	all := head.Bytes()
	body := io.MultiReader(bytes.NewReader(all[:before]), bytes.NewReader(content), bytes.NewReader(all[before:]))

	request, err := http.NewRequest("POST", url, body)
	must(err)
	request.ContentLength = int64(len(all) + len(content))
	request.Header.Set("Content-Type", form.FormDataContentType())
	reply, err := client.Do(request)
	must(err)
	text, err := io.ReadAll(reply.Body)
	must(err)
	reply.Body.Close()
	var parsed document
	must(xml.Unmarshal(text, &parsed))
	answer := map[string]string{}
	for _, field := range parsed.Fields {
		answer[field.XMLName.Local] = field.Value
	}
	sign := answer["sign"]
	delete(answer, "sign")
	right := md5.Sum(canonical(answer))
	if strings.ToUpper(hex.EncodeToString(right[:])) != sign || answer["media_id"] == "" {
		log.Fatal("the reply is not signed as it should be: ", string(text))
	}
}

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: ORIGIN CREDENTIALS PICTURES COUNT CONCURRENCY")
	}
	origin, folder, pictures := os.Args[1], os.Args[2], strings.Split(os.Args[3], ",")
	count, err := strconv.Atoi(os.Args[4])
	must(err)
	concurrency, err := strconv.Atoi(os.Args[5])
	must(err)
	certificate, err := tls.LoadX509KeyPair(folder+"/client.pem", folder+"/client.key")
	must(err)
	authority, err := os.ReadFile(folder + "/ca.pem")
	must(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		log.Fatal("no authority")
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: roots},
		MaxIdleConnsPerHost: concurrency,
	}}
	url := origin + "/secapi/mch/uploadmedia"
	work := make(chan string)
	var workers sync.WaitGroup
	for i := 0; i < concurrency; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for picture := range work {
				upload(client, url, picture)
			}
		}()
	}
	for i := 0; i < count; i++ {
		work <- pictures[i%len(pictures)]
	}
	close(work)
	workers.Wait()
	fmt.Println(count)
}
