{{- define "wk.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "wk.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "wk.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{ include "wk.selector" . }}
{{- end -}}

{{- define "wk.redisDomain" -}}
{{ include "wk.fullname" . }}-redis.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{- define "wk.sentinelDomain" -}}
{{ include "wk.fullname" . }}-sentinel.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{- define "wk.secretName" -}}
{{- if .Values.auth.existingSecret -}}
{{- .Values.auth.existingSecret -}}
{{- else -}}
{{- include "wk.fullname" . }}-passwords
{{- end -}}
{{- end -}}

{{- /* What the schema cannot say: values that are wrong only in company. */ -}}
{{- define "wk.check" -}}
{{- $count := int .Values.sentinel.replicas -}}
{{- $majority := add (div $count 2) 1 | int -}}
{{- $quorum := int .Values.group.quorum -}}
{{- $needed := max $majority $quorum | int -}}
{{- if gt $quorum $count -}}
{{- fail (printf "group.quorum is `%d`, but there are only `%d` sentinels: the master could never be held for down\nhint: 2, or a majority of sentinel.replicas" $quorum $count) -}}
{{- end -}}
{{- if lt (sub $count (int .Values.sentinel.disruptionBudget.maxUnavailable) | int) $needed -}}
{{- fail (printf "sentinel.disruptionBudget.maxUnavailable is `%d`: of `%d` sentinels a drain would leave fewer than the `%d` that a failover needs\nhint: at most %d" (int .Values.sentinel.disruptionBudget.maxUnavailable) $count $needed (sub $count $needed | int)) -}}
{{- end -}}
{{- if ge (int .Values.redis.disruptionBudget.maxUnavailable) (int .Values.redis.replicas) -}}
{{- fail (printf "redis.disruptionBudget.maxUnavailable is `%d`: a drain could take all `%d` data servers at once\nhint: 1" (int .Values.redis.disruptionBudget.maxUnavailable) (int .Values.redis.replicas)) -}}
{{- end -}}
{{- if .Values.auth.existingSecret -}}
{{- if or .Values.auth.redisPassword .Values.auth.sentinelPassword -}}
{{- fail "auth.existingSecret is set, and a password as well: which one counts?\nhint: leave auth.redisPassword and auth.sentinelPassword empty" -}}
{{- end -}}
{{- else if not (and .Values.auth.redisPassword .Values.auth.sentinelPassword) -}}
{{- fail "no passwords: neither auth.existingSecret nor both of auth.redisPassword and auth.sentinelPassword\nhint: kubectl create secret generic NAME --from-literal=redis=... --from-literal=sentinel=..., then --set auth.existingSecret=NAME" -}}
{{- end -}}
{{- range $line := splitList "\n" .Values.redis.config -}}
{{- $word := $line | trim | lower | regexFind "^[a-z-]+" -}}
{{- if has $word (list "dir" "port" "bind" "requirepass" "masterauth" "replicaof" "slaveof" "replica-announce-ip" "replica-announce-port" "slave-announce-ip" "slave-announce-port" "protected-mode" "daemonize") -}}
{{- fail (printf "redis.config sets `%s`, which the chart sets itself\nhint: leave that line out" $word) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "wk.antiAffinity" -}}
{{- if ne .kind "none" }}
affinity:
  podAntiAffinity:
{{- if eq .kind "required" }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "wk.selector" . | nindent 12 }}
{{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "wk.selector" . | nindent 14 }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* What both kinds of pods have in common. */ -}}
{{- define "wk.podCommon" -}}
serviceAccountName: {{ include "wk.fullname" .root }}
automountServiceAccountToken: false
# Otherwise Kubernetes sets REDIS_PORT=tcp://... and the like for every service.
enableServiceLinks: false
dnsConfig:
  options: [{name: timeout, value: "1"}, {name: attempts, value: "2"}]
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .values.user }}
  runAsGroup: {{ .values.user }}
  fsGroup: {{ .values.user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "wk.antiAffinity" (dict "root" .root "component" .component "kind" .values.antiAffinity) }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "wk.locked" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "wk.claim" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . | quote }}
{{- end }}
resources:
  requests: {storage: {{ .size }}}
{{- end -}}
