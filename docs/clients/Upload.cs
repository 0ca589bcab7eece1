// Uploads one picture with .NET 8's own classes: put it into a console project, then
// dotnet run PICTURE
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;

static string Env(string name, string otherwise = "") => Environment.GetEnvironmentVariable(name) ?? otherwise;

static string Sign(IEnumerable<KeyValuePair<string, string>> fields, string signType)
{
    string key = Env("WXPAY_API_KEY");
    var kept = fields.Where(field => field.Value != "" && field.Key != "sign")
        .OrderBy(field => field.Key, StringComparer.Ordinal)
        .Select(field => $"{field.Key}={field.Value}&");
    byte[] text = Encoding.UTF8.GetBytes(string.Concat(kept) + $"key={key}");
    return Convert.ToHexString(signType == "HMAC-SHA256"
        ? HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), text)
        : MD5.HashData(text));
}

// Read once: the hash and the body come from the same bytes.
byte[] picture = File.ReadAllBytes(args[0]);
string kind = picture[0] == 0x89 ? "png" : "jpeg";
var fields = new Dictionary<string, string>
{
    ["mch_id"] = Env("WXPAY_MCH_ID"),
    ["media_hash"] = Convert.ToHexString(MD5.HashData(picture)).ToLowerInvariant(),
    ["sign_type"] = "HMAC-SHA256",
};
fields["sign"] = Sign(fields, "HMAC-SHA256");

// The boundary that .NET writes is in quotes, which the gateway does not read: set the header again.
string boundary = Guid.NewGuid().ToString("N");
using var form = new MultipartFormDataContent(boundary);
form.Headers.Remove("Content-Type");
form.Headers.TryAddWithoutValidation("Content-Type", $"multipart/form-data; boundary={boundary}");
static HttpContent Part(HttpContent content, string disposition, string? type)
{
    content.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);
    content.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; {disposition}");
    return content;
}
foreach (var (name, value) in fields)
    form.Add(Part(new StringContent(value), $"name=\"{name}\"", null));
form.Add(Part(new ByteArrayContent(picture), $"name=\"media\"; filename=\"picture.{kind}\"", $"image/{kind}"));

using var handler = new HttpClientHandler { AllowAutoRedirect = false };
// Through PKCS#12 once more: on Windows the key of a PEM file alone does not reach the handshake.
using var pem = X509Certificate2.CreateFromPemFile(Env("WXPAY_CERT"), Env("WXPAY_KEY"));
handler.ClientCertificates.Add(new X509Certificate2(pem.Export(X509ContentType.Pkcs12)));
if (Env("WXPAY_CA") != "")
{
    var ca = X509Certificate2.CreateFromPem(File.ReadAllText(Env("WXPAY_CA")));
    handler.ServerCertificateCustomValidationCallback = (_, certificate, chain, errors) =>
    {
        // Trust this authority alone; the name must still be right.
        chain!.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        bool named = !errors.HasFlag(System.Net.Security.SslPolicyErrors.RemoteCertificateNameMismatch);
        return named && chain.Build(certificate!);
    };
}
using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
var response = await client.PostAsync(
    Env("WXPAY_ENDPOINT", "https://api.mch.weixin.qq.com") + "/secapi/mch/uploadmedia", form);

// XDocument refuses a document type with entities by itself.
var reply = XDocument.Parse(await response.Content.ReadAsStringAsync()).Root!.Elements()
    .ToDictionary(field => field.Name.LocalName, field => field.Value);
if (reply.GetValueOrDefault("return_code") != "SUCCESS" || reply.GetValueOrDefault("result_code") != "SUCCESS")
    throw new InvalidOperationException("refused: " + string.Join(", ", reply));
// The reply does not say what signed it: its length does. All of its fields are signed.
string given = reply.GetValueOrDefault("sign", "");
string right = Sign(reply, given.Length == 64 ? "HMAC-SHA256" : "MD5");
if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(given), Encoding.ASCII.GetBytes(right)))
    throw new CryptographicException("the reply is not signed by the gateway");
Console.WriteLine(reply["media_id"]);
